"""What the launch form needs: schema and presets."""
