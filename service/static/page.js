// Copy buttons for citations; the page is complete without them.
for (const block of document.querySelectorAll("pre[data-copy]")) {
  if (!navigator.clipboard) { break; }
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy " + block.dataset.copy);
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(block.textContent).then(
      () => { button.textContent = "Copied"; },
      () => { button.textContent = "Not copied: select the text"; },
    );
  });
  block.before(button);
}
