"""Where the product dials out: webhooks and MQTT brokers that somebody has entered; nothing else ever leaves.

`address` reads what is entered, `guard` says which hosts may be reached, `post` sends one request, `signing` signs it
by the rules of Standard Webhooks, `discovery` is what Home Assistant learns, `broker` one connection to a broker.
"""
