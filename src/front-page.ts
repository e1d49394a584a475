/** The page at `/`: what this is, for whoever opens the hall's address in a browser. It needs nothing from anywhere. */
import { firstSteps } from './first-steps.ts'

const style = `
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #222; background: #fff }
code { font-family: ui-monospace, monospace; background: #f3f3f3; padding: 0.1rem 0.3rem }
pre { background: #f3f3f3; padding: 0.6rem; overflow-x: auto } pre code { padding: 0 }
a { color: inherit }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } code, pre { background: #2a2a2a } }
`

/** The page as HTML. `url` is where the hall is, where that is not the usual; without the demo there is nothing to try yet. */
export function frontPage(url?: string, hasDemo = true): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Markethall</title><style>${style}</style></head>
<body>
<h1>Markethall is open</h1>
<p>This is an online-retail back end: one program of modules (catalog, inventory, checkout, orders, payments, fulfilment and more),
any of which can move into a process of its own.</p>
${hasDemo ? thingsToTry(url) : ''}<p>Programs ask it below <code>/trpc</code>: <a href="/trpc/catalog.list?input=%7B%7D">products</a>,
<a href="/trpc/catalog.listCategories?input=%7B%7D">categories</a>,
<a href="/trpc/catalog.search?input=%7B%22text%22%3A%22candle%22%7D">a search</a>.
Whether it is well is told at <a href="/readyz">/readyz</a>. <code>docs/api.md</code> lists every operation.</p>
</body>
</html>
`
}

function thingsToTry(url?: string): string {
  const { look, buy, report } = firstSteps({ ...(url !== undefined && { url }) })
  return `<p>Three things to try in a terminal, in the folder of the project. Look at what there is to buy:</p><pre><code>${look}</code></pre>
<p>Buy something, as a guest and with a card of the payment sandbox:</p><pre><code>${buy}</code></pre>
<p>See, as the owner, what was sold:</p><pre><code>${report}</code></pre>
`
}
