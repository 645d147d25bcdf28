"""COPY INTO <location>, stages and storage integrations."""
