// What compose.yaml itself takes from `.env`, besides the services' own variables that it passes on.
import { variable, type Variable } from '@cairn/runtime'

const password = (name: string, whose: string): Variable<string> => ({
  ...variable.text(`${name}_PASSWORD`, { description: `password of ${whose}` }),
  secret: true,
})

export const composeVariables = {
  bind: variable.text('CAIRN_BIND', {
    fallback: '127.0.0.1',
    description:
      'address of the machine on which gateway and realtime are published; keep it behind a proxy that ends TLS',
  }),
  allowedOrigins: variable.text('ALLOWED_ORIGINS', {
    fallback: '',
    description: 'GATEWAY_ALLOWED_ORIGINS and REALTIME_ALLOWED_ORIGINS in one',
  }),
  images: variable.text('CAIRN_IMAGES', { fallback: 'cairn', description: "registry and path of Cairn's images" }),
  version: variable.text('CAIRN_VERSION', { fallback: 'local', description: "tag of Cairn's images" }),
  postgresImage: variable.text('POSTGRES_IMAGE', { fallback: 'postgres:18', description: 'image of PostgreSQL' }),
  natsImage: variable.text('NATS_IMAGE', { fallback: 'nats:2.12-alpine', description: 'image of NATS' }),
  redisImage: variable.text('REDIS_IMAGE', { fallback: 'redis:8', description: 'image of Redis' }),
  lgtmImage: variable.text('LGTM_IMAGE', {
    fallback: 'grafana/otel-lgtm:0.30.0',
    description: 'image of the OpenTelemetry back end of `--profile observability`',
  }),
  buildNetwork: variable.text('BUILD_NETWORK', {
    fallback: 'default',
    description:
      'network in which images are built: `host` where only the machine itself reaches the registry of packages',
  }),
  postgres: password('POSTGRES', "the tables' owner: migrations and nobody else"),
  authDatabase: password('AUTH_DATABASE', "auth's role in PostgreSQL"),
  progressDatabase: password('PROGRESS_DATABASE', "progress's role in PostgreSQL"),
  redis: password('REDIS', 'Redis'),
  natsAdmin: password('NATS_ADMIN', "NATS's administrator, whom no service is"),
  natsSys: password('NATS_SYS', "NATS's system account"),
  natsProvisioner: password('NATS_PROVISIONER', 'the one on NATS that makes the streams'),
  natsGateway: password('NATS_GATEWAY', 'the gateway on NATS'),
  natsAuth: password('NATS_AUTH', 'auth on NATS'),
  natsProgress: password('NATS_PROGRESS', 'progress on NATS'),
  natsRealtime: password('NATS_REALTIME', 'realtime on NATS'),
  natsJanitor: password('NATS_JANITOR', 'the janitor on NATS'),
  natsOperator: password('NATS_OPERATOR', "people's commands on NATS"),
} as const
