/** The page at `/`: what this is, for whoever opens the hall's address in a browser. It needs nothing from anywhere. */
const style = `
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #222; background: #fff }
code { font-family: ui-monospace, monospace; background: #f3f3f3; padding: 0.1rem 0.3rem }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } code { background: #2a2a2a } }
`

/** The page as HTML. */
export const frontPage = (): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Markethall</title><style>${style}</style></head>
<body>
<h1>Markethall is open</h1>
<p>This is an online-retail back end. Programs ask it below <code>/trpc</code>, such as <code>GET /trpc/catalog.list</code>.</p>
</body>
</html>
`
