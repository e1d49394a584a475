/** Asking the provider about several attempts side by side, and what its answers mean for those that only go forward. */
import { type Outcome, type PaymentProvider, ProviderRefused, ProviderUnavailable, type Attempt } from './provider.ts'

/** What the provider said: an outcome, or that it refuses the request as such and has recorded nothing. */
export type Answer = Outcome | { status: 'refused'; providerId: null; declineReason: string }
export type Answered<Asked> = { attempt: Asked; answer: Answer }

const atOnceMax = 24

/**
 * Asks `ask` of every attempt, some at a time. Once the provider does not answer one, nothing more is begun: the rest
 * would wait for their time-outs too. `unanswered` counts those without an answer, begun or not.
 */
export async function askAll<Asked>(
  attempts: readonly Asked[],
  ask: (attempt: Asked) => Promise<Answer | undefined>,
): Promise<{ answered: Answered<Asked>[]; unanswered: number; problem?: ProviderUnavailable }> {
  const waiting = attempts.values()
  const answered: Answered<Asked>[] = []
  let problem: ProviderUnavailable | undefined
  const askOn = async () => {
    for (const attempt of waiting) {
      if (problem) return
      try {
        const answer = await ask(attempt)
        if (answer) answered.push({ attempt, answer })
      } catch (error) {
        if (!(error instanceof ProviderUnavailable)) throw error
        problem = error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnceMax, attempts.length) }, askOn))
  return { answered, unanswered: attempts.length - answered.length, ...(problem && { problem }) }
}

/**
 * Whether a refusal says nothing about what was submitted before under the same key: only the provider's own words do, and
 * not what a proxy, a wrong address or a wrong credential answers.
 */
export const saysNothing = ({ code, status }: ProviderRefused): boolean =>
  code === 'unnamed' || status === 401 || status === 403

/** Submits an attempt that must come to its end. */
export async function submitForward(
  provider: PaymentProvider,
  attempt: Attempt,
  options: { signal: AbortSignal },
): Promise<Answer> {
  try {
    return await provider.submit(attempt, options)
  } catch (error) {
    if (!(error instanceof ProviderRefused)) throw error
    if (saysNothing(error)) throw new ProviderUnavailable(error.message, { cause: error })
    return { status: 'refused', providerId: null, declineReason: error.code }
  }
}
