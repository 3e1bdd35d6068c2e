-- What a publication's models were trained with and scored with: versions of scikit-learn. Null before they were recorded.
ALTER TABLE scoring.arm ADD trained_with text, ADD scored_with text;
