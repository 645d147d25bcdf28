"""What several tests share: servers, clients, tables, terminals."""
