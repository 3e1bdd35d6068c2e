"""The scoring API: customers' records, ids and outcomes in; scores, passports and receipts out, over HTTP."""
