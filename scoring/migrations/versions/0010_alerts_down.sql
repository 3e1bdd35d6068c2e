DROP TABLE scoring.hold;
DROP TABLE scoring.alert_attempt;
DROP TABLE scoring.alert_sending;
DROP TABLE scoring.alert;
