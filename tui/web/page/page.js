// The parts that textual.js expects of the page.
"use strict";

// A file is downloaded by a link: browsers would block a new window as a pop-up.
const openWindow = window.open.bind(window);
window.open = (url, ...rest) => {
  if (!String(url ?? "").startsWith(`${location.origin}/download/`)) return openWindow(url, ...rest);
  const link = document.createElement("a");
  // It is below the page's own address, which holds the token.
  link.href = new URL(String(url).slice(location.origin.length + 1), location.href);
  link.download = "";
  link.click();
  return null;
};

// The open table is in the address, so that a reload or a bookmark opens it again.
function readTable() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

let isRunning = false;

function showState({ table, running }) {
  isRunning = running;
  if (!table) return;
  document.title = `${table} · amplify-transfer`;
  history.replaceState(null, "", `#${encodeURIComponent(table)}`);
}

// Leaving or reloading the page would stop the transfer.
window.addEventListener("beforeunload", (event) => {
  if (isRunning) event.preventDefault();
});

// Messages of the server for the page, and why the server closed the socket, such as that too many
// tabs are open. Messages with other names are for textual.js, which ignores these.
const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
  constructor(url, ...rest) {
    const table = readTable();
    super(table ? `${url}&table=${encodeURIComponent(table)}` : url, ...rest);
    this.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      const [kind, state] = JSON.parse(data);
      if (kind === "state") showState(state);
    });
    this.addEventListener("close", ({ reason }) => {
      isRunning = false;
      if (reason) document.querySelector("main p").textContent = reason;
    });
  }
};

// The size of a cell is that of a letter, so the font is loaded before the terminal is created.
const start = window.onload;
window.onload = async (event) => {
  await Promise.allSettled(
    ["", "bold ", "italic "].map((style) => document.fonts.load(`${style}16px "Roboto Mono"`)),
  );
  start(event);
};

// The app receives keys as soon as it is shown, without a click.
document.addEventListener("DOMContentLoaded", () => {
  new MutationObserver((_, watch) => {
    if (!document.body.classList.contains("-first-byte")) return;
    watch.disconnect();
    const terminal = document.querySelector(".xterm-helper-textarea");
    terminal.focus();
    // Else F5 would reload the page and ctrl+p print it, after a click beside the terminal.
    terminal.addEventListener("blur", () => {
      setTimeout(() => {
        if (document.hasFocus() && !document.body.classList.contains("-closed")) terminal.focus();
      });
    });
  }).observe(document.body, { attributeFilter: ["class"] });
});
