// Starts GraphiQL on its page: it asks as whoever is signed in, by the session's cookie, as the app's own pages do.
(() => {
  const headers = { "content-type": "application/json" };

  /** An operation by POST. What cannot be reached is told like an error of the API. */
  async function ask(operation) {
    const response = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify(operation) });
    return response.json();
  }

  /** A subscription, as the server-sent events of `/graphql/stream`. */
  function listen({ query, variables }) {
    return {
      subscribe(observer) {
        const address = `/graphql/stream?${new URLSearchParams({ query, variables: variables ? JSON.stringify(variables) : "" })}`;
        const events = new EventSource(address);
        events.addEventListener("next", (event) => observer.next(JSON.parse(event.data)));
        events.addEventListener("complete", () => {
          events.close();
          observer.complete();
        });
        return { unsubscribe: () => events.close() };
      },
    };
  }

  const fetcher = (operation, { documentAST } = {}) => {
    const own = documentAST?.definitions.filter(({ kind, name }) => kind === "OperationDefinition" && (!operation.operationName || name?.value === operation.operationName));
    return own?.some((definition) => definition.operation === "subscription") ? listen(operation) : ask(operation);
  };

  const defaultQuery = `# The runs of an experiment as one table. Ctrl Enter runs the operation where the cursor is.
{
  experiments(first: 5) {
    nodes { id name runCount metricKeys }
  }
}
`;
  const forcedTheme = document.documentElement.dataset.theme;
  const root = document.getElementById("graphiql");
  root.replaceChildren();
  // Its editors have no names of their own, which a screen reader would read.
  new MutationObserver(() => {
    for (const field of root.querySelectorAll(".CodeMirror textarea:not([aria-label])")) {
      const place = field.closest("section, [aria-label]")?.getAttribute("aria-label");
      field.setAttribute("aria-label", place ?? "Editor");
    }
  }).observe(root, { childList: true, subtree: true });
  ReactDOM.createRoot(root).render(React.createElement(GraphiQL, { fetcher, defaultQuery, forcedTheme, isHeadersEditorEnabled: false, shouldPersistHeaders: false }));
})();
