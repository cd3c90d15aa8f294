// Whether the environment asks for an export, in OpenTelemetry's own terms. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
import type { Environment } from '@cairn/runtime'

const endpoint = /^OTEL_EXPORTER_OTLP_((TRACES|METRICS|LOGS)_)?ENDPOINT$/
const exporter = /^OTEL_(TRACES|METRICS|LOGS)_EXPORTER$/

export const isConfigured = (environment: Environment): boolean => {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false
  return Object.entries(environment).some(
    ([name, value = '']) => value !== '' && (endpoint.test(name) || (exporter.test(name) && value !== 'none')),
  )
}
