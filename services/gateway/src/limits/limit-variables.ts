// How much may be asked of the gateway (design §3). The defaults are for production, and for many phones behind one carrier's address.
import { variable } from '@cairn/runtime'

const perMinute = (name: string, fallback: number, description: string) =>
  variable.integer(name, { min: 1, max: 100_000_000, fallback, description: `${description}, in a minute` })

export const limitVariables = {
  requestsPerAddress: perMinute('GATEWAY_LIMIT_PER_ADDRESS', 6_000, 'requests of any kind from one address'),
  signInsPerAddress: perMinute(
    'GATEWAY_LIMIT_SIGN_IN_PER_ADDRESS',
    60,
    'nonces, Apple sign-ins and guests from one address, each counted by itself',
  ),
  signInsPerSubject: perMinute('GATEWAY_LIMIT_SIGN_IN_PER_SUBJECT', 10, 'sign-ins of one Apple account'),
  failuresPerAddress: perMinute(
    'GATEWAY_LIMIT_FAILURES_PER_ADDRESS',
    30,
    'refused sign-ins, refreshes, logouts and notifications from one address, after which all of those wait',
  ),
  refreshesPerAddress: perMinute(
    'GATEWAY_LIMIT_REFRESH_PER_ADDRESS',
    1_200,
    'refreshes, and logouts, from one address',
  ),
  refreshesPerSession: perMinute('GATEWAY_LIMIT_REFRESH_PER_SESSION', 30, 'refreshes of one session'),
  notificationsPerAddress: perMinute(
    'GATEWAY_LIMIT_NOTIFICATIONS_PER_ADDRESS',
    600,
    "Apple's notifications from one address",
  ),
  requestsPerUser: perMinute('GATEWAY_LIMIT_PER_USER', 600, 'requests of one user that send no events'),
  eventsPerUser: variable.integer('GATEWAY_LIMIT_EVENTS_PER_USER', {
    min: 1_000,
    max: 1_000_000_000,
    fallback: 20_000,
    description: 'events sent by one user within GATEWAY_LIMIT_EVENTS_WINDOW_S',
  }),
  eventsWindowSeconds: variable.integer('GATEWAY_LIMIT_EVENTS_WINDOW_S', {
    min: 1,
    max: 86_400,
    fallback: 600,
    description: 'time in which the events of one user are counted, in seconds',
  }),
} as const
