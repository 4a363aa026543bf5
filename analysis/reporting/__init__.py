"""How results are shown: charts, tables and the headline; nothing here estimates."""
