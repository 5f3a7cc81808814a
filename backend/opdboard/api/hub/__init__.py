"""What the Hugging Face hub has to offer, searched on behalf of the browser."""
