"""What is kept on a server so that plans can be written there: tenants, platforms with sealed addresses, plans and
mappings with their versions."""
