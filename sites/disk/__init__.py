"""The disk: how much a folder takes, how much is free, and how strangers' folders are walked and removed safely."""
