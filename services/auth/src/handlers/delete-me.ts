// The caller's account, deleted. Also when it is gone already.
import type { Handler } from '@cairn/bus'
import type { deleteMe } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { changeAndTell } from './change-and-tell.ts'
import { deleteAccount } from './delete-account.ts'
import { requiredCaller } from './required-caller.ts'

export const handleDeleteMe =
  (context: AuthContext): Handler<typeof deleteMe> =>
  async (_nothing, call) => {
    const { userId } = requiredCaller(call)
    await changeAndTell(context, change => deleteAccount(context, change, userId))
    context.apple.revocations.kept()
    return {}
  }
