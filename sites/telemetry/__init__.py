"""OpenTelemetry: where traces and logs are sent to, and how logs are worded for it (OTLP over gRPC)."""
