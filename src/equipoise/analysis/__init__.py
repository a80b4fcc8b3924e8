"""From a data cut to numbers: analysis data, analysis sets, endpoints, methods, results."""
