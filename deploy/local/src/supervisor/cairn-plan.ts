// What `npm start` runs: Cairn itself. Tests run stacks of other plans.
import type { StackPlan } from './run-stack.ts'
import { planAppleIssuer, planServices } from './service-plan.ts'

export const cairnPlan: StackPlan = {
  migrationScript: 'commands/migrate.ts',
  services: planServices,
  issuer: planAppleIssuer,
}
