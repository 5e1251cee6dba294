"""`wosync unit`: the service on a machine with systemd: shown, installed, upgraded, taken away.

One text serves both services: `wosync.service` for a single pair of systems, and the template
`wosync@.service` for several on one machine. `wosync.target` holds them together.
"""
