"use strict";

// Relative to the page, so that a proxy may put the whole API under a path of its own.
const endpoint = new URL("./graphql", window.location.href);
endpoint.search = "";
endpoint.hash = "";
const subscriptions = new URL(endpoint);
subscriptions.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

const welcome = `# Welcome to Stoa: one GraphQL API for shops
# that sell on the web, in an app and in stores.
#
# Run this with the play button or Ctrl-Enter;
# Ctrl-Space completes, and the book on the left
# describes every field.
#
# Browsing needs no log-in. To act as a customer
# or as staff, run the mutation "login" and put its
# token into the tab "Headers" below:
#
#   { "Authorization": "Bearer <access token>" }
#
# A subscription runs in the same way and sends the
# same headers; the stop button ends it:
#
#   subscription {
#     orderChanged(id: "ord_…") { number status }
#   }

query Products {
  products(first: 5) {
    totalCount
    nodes {
      id
      slug
      name
      inStock
      priceRange {
        min { amount currency }
        max { amount currency }
      }
      variants {
        sku
        name
        price { amount currency }
        availability { shippable }
      }
    }
    pageInfo {
      hasNextPage
      endCursor # Next page: products(first: 5, after: "…")
    }
  }
}
`;

const fetcher = GraphiQL.createFetcher({
  url: endpoint.href,
  // Headers of the editor travel in the payload of connection_init: a browser cannot set any on a WebSocket.
  subscriptionUrl: subscriptions.href,
  enableIncrementalDelivery: false,
});

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(
    GraphiQL,
    {
      fetcher,
      defaultQuery: welcome,
      defaultEditorToolsVisibility: "headers",
      isHeadersEditorEnabled: true,
      // A token kept in the browser's storage outlives the log-out; the settings dialog lets a developer choose otherwise.
      shouldPersistHeaders: false,
      showPersistHeadersSettings: true,
    },
    React.createElement(GraphiQL.Logo, null, "Stoa"),
  ),
);
