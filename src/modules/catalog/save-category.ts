import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { placeOfParent, upsertCategory } from './category-queries.ts'
import type { contract } from './contract.ts'
import { categoryCircle, unknownCategory } from './errors.ts'
import { takeNumbers } from './import-queries.ts'

type Operation = (typeof contract)['operations']['saveCategory']

/** Changes of categories follow one another: two moves that are each allowed could close a circle together. */
export async function saveCategory(
  ctx: CommandCtx,
  { slug, name, parent }: InputOf<Operation>,
): Promise<AnswerOf<Operation>> {
  if (parent !== undefined) {
    await takeNumbers(ctx.tx).execute({ name: 'category changes', count: 1 })
    const [place] = await placeOfParent(ctx.tx).execute({ slug, parent })
    // One that does not exist yet can have nothing below it but, by mistake, itself.
    if (place?.circle === true) throw categoryCircle(slug, parent)
    if (place?.known !== true) throw unknownCategory([parent])
  }
  const saved = { slug, name, parent: parent ?? null }
  await upsertCategory(ctx.tx).execute(saved)
  return saved
}
