"""The rules of randomization as pure functions of what was allocated and of uniforms."""
