DROP TABLE scoring.dropped_publication;
