DROP TABLE scoring.publication_history;
