"""Everything that holds or moves data. Stores know the domain and not each other."""
