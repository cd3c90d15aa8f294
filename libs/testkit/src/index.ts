// What tests share: servers and databases of their own, clients that check every answer, waiting for conditions.
export * from './accounts.ts'
export * from './bus-proxy.ts'
export * from './buses.ts'
export * from './captured-logs.ts'
export * from './databases.ts'
export * from './empty-database.ts'
export * from './eventually.ts'
export * from './gateway-client.ts'
