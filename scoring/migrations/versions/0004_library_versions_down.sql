ALTER TABLE scoring.arm DROP trained_with, DROP scored_with;
