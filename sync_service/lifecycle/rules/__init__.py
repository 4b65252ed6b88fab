"""The rules: each looks at the state and writes into the draft what should differ; twice is as good as once."""
