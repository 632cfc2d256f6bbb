"""What an instructor and a student read: tables, pages and charts. Imports no member."""
