"""Models of other servers that speak OpenAI's API: vLLM, llama-server, api.deepseek.com, another Fathom."""
