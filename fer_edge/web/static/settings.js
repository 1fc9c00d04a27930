// The settings in use, read-only: value, where it comes from, what it does, and a link into the node's own handbook.
import { make } from "./words.js";

let root = null, all = [];

export async function show(place) {
  if (!root) {
    root = place;
    root.innerHTML = `
      <section aria-label="Settings"><div class="bar-row">
        <label>Find <input data-is="find" type="search" autocomplete="off"></label>
        <label><input data-is="changed" type="checkbox"> changed settings only</label>
        <a class="button push" href="handbook" target="_blank">Handbook</a></div>
        <p data-is="said" role="status" class="muted"></p>
        <p class="muted">Read-only. To change a setting, edit the file shown, then run <code>sudo systemctl reload fer-edge</code>.</p></section>
      <section aria-label="Table of settings"><div class="scroll" tabindex="0" role="region" aria-label="Settings and their values"><table><thead><tr><th>Setting</th><th>Value</th><th>Source</th><th>What it does</th></tr></thead><tbody data-is="rows"></tbody></table></div></section>`;
    for (const name of ["find", "changed"]) $(name).oninput = list;
  }
  try {
    const answer = await fetch("settings.json");
    if (!answer.ok) throw new Error("the token is needed again: reload the page");
    all = (await answer.json()).settings;
    list();
  } catch (fault) {
    $("said").textContent = fault instanceof TypeError ? "Not loaded: the node cannot be reached" : `Not loaded: ${fault.message}`;
  }
}

function $(name) { return root.querySelector(`[data-is=${name}]`); }

function list() {
  const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter((each) => (!$("changed").checked || each.source !== "default")
    && words.every((part) => `${each.name} ${each.what} ${each.value}`.toLowerCase().includes(part)));
  $("said").textContent = `${found.length} of ${all.length} settings`;
  $("rows").replaceChildren(...found.map((each) => {
    const row = document.createElement("tr"), name = make("td", ""), link = make("a", each.name);
    Object.assign(link, { href: `handbook#${each.name}`, target: "_blank" });
    name.append(link);
    const value = make("td", ""), changed = each.source !== "default";
    value.append(make("span", each.value ?? "(not shown)", changed ? "changed" : ""));
    row.append(name, value, make("td", each.source), make("td", `${each.what} ${each.values === "any" ? "" : `(${each.values})`}`));
    return row;
  }));
}
