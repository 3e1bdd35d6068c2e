DROP TABLE scoring.api_request;
DROP TABLE scoring.api_key;
