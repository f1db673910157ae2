"""The xDS server: it tells every Envoy, over one delta ADS stream each, what the route tables say."""
