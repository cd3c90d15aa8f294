// OpenTelemetry, as far as it is configured: metrics always, for whoever scrapes them; traces, metrics and logs to a collector
// where the environment names one.
export { startTelemetry, type Instrumented, type TelemetryOptions } from './start-telemetry.ts'
