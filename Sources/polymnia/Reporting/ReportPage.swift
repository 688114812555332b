/// The page that `report --html` writes: one file that needs nothing else.
enum ReportPage {
  static func html(_ report: InstrumentReport, top: Int) -> String {
    // Inside a script element, only this can end it. A character of a name may join with it to one of Swift's, so scalars are
    // looked at.
    let data = report.json(top: top).text.unicodeScalars.split(separator: "<", omittingEmptySubsequences: false)
      .map(String.init).joined(separator: "\\u003c")
    let parts = template.split(separator: "/*DATA*/", maxSplits: 1, omittingEmptySubsequences: false)
    return parts.joined(separator: data)
  }

  static let template = #"""
    <!DOCTYPE html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Observed</title>
    <style>
      :root { color-scheme: light dark; --faint: #8884; --ink: light-dark(#222, #ddd); --bar: light-dark(#b8cdf0, #35507f); }
      body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
      h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; } p { margin: .3rem 0; }
      table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .15rem .8rem .15rem 0; }
      th { font-weight: 600; border-bottom: 1px solid var(--faint); }
      td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; width: 1%; }
      td.t { font-family: ui-monospace, monospace; font-size: 12.5px; overflow-wrap: anywhere; }
      td.b { width: 12rem; } td.b i { display: block; height: .7rem; background: var(--bar); border-radius: 2px; }
      .map { line-height: 0; margin: .4rem 0; } canvas { image-rendering: pixelated; border: 1px solid var(--faint); max-width: 100%; }
      .warn { background: #e8a33d33; padding: .4rem .6rem; border-radius: 4px; } .faint { opacity: .7; }
      #tip { position: fixed; background: light-dark(#fff, #222); border: 1px solid var(--faint); padding: .2rem .5rem; border-radius: 4px; pointer-events: none; display: none; }
    </style>
    <h1>Observed</h1>
    <main></main>
    <div id="tip"></div>
    <script>
      const data = /*DATA*/;
      const main = document.querySelector("main"), tip = document.querySelector("#tip");
      const add = (tag, text, parent = main, cls) => {
        const e = document.createElement(tag);
        // Names come from the module: what would change more than its own place on the page is shown by its code.
        const code = c => "\\u{" + c.codePointAt(0).toString(16) + "}";
        if (text !== undefined) e.textContent = String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, code);
        if (cls) e.className = cls;
        parent.append(e);
        return e;
      };
      const number = n => n.toLocaleString("en");
      const named = m => "memory " + m.index + (m.name ? " $" + m.name : "");
      const kept = data.traceIsCut ? " in the last " + number(data.keptAccesses) + " of " + number(data.accessCount) + " accesses" : "";
      // `all` is how many rows there would be.
      function table(title, rows, columns, all) {
        if (!rows.length) return;
        add("h2", title);
        const t = add("table"), head = add("tr", undefined, t);
        const most = Math.max(...rows.map(r => r.count ?? 0));
        for (const c of columns) add("th", c.title, head, c.number ? "n" : "");
        add("th", "", head);
        for (const r of rows) {
          const line = add("tr", undefined, t);
          for (const c of columns) {
            const v = c.value(r);
            add("td", c.number ? number(v) : v, line, c.number ? "n" : "t");
          }
          const bar = add("i", undefined, add("td", undefined, line, "b"));
          bar.style.width = most ? 100 * (r.count ?? 0) / most + "%" : 0;
        }
        if (all > rows.length) add("p", "and " + number(all - rows.length) + " more", main, "faint");
      }
      // One square a page, 64 pages a row; pages that lie far from all others are in a row of their own.
      function heatMap(m) {
        if (!m.pages.length) return;
        add("p", number(m.pages.length) + " pages of " + number(data.pageSize) + " bytes; red is written, blue is read" + kept, main, "faint");
        const across = 64, size = 12, all = [...new Set(m.pages.map(p => Math.floor(p[0] / across)))], rows = all.slice(0, 1024);
        if (m.pagesAreCut || all.length > rows.length) add("p", "More pages were touched than are shown.", main, "warn");
        const at = new Map(rows.map((r, i) => [r, i]));
        const canvas = add("canvas", undefined, add("div", undefined, main, "map"));
        canvas.width = across * size;
        canvas.height = rows.length * size;
        const g = canvas.getContext("2d");
        const most = [1, 2].map(k => Math.log1p(m.pages.reduce((most, p) => Math.max(most, p[k]), 0)));
        const found = new Map();
        for (const p of m.pages) {
          const y = at.get(Math.floor(p[0] / across)), x = p[0] % across;
          if (y === undefined) continue;
          const heat = k => most[k - 1] ? Math.log1p(p[k]) / most[k - 1] : 0;
          const r = heat(2), b = heat(1), a = .15 + .85 * Math.max(r, b);
          g.fillStyle = `rgba(${40 + 200 * r}, 50, ${40 + 200 * b}, ${a})`;
          g.fillRect(x * size, y * size, size - 1, size - 1);
          found.set(y * across + x, p);
        }
        canvas.onmousemove = e => {
          const scale = canvas.width / canvas.clientWidth;
          const p = found.get(Math.floor(e.offsetY * scale / size) * across + Math.floor(e.offsetX * scale / size));
          tip.style.display = p ? "block" : "none";
          if (!p) return;
          tip.textContent = "0x" + (p[0] * data.pageSize).toString(16) + ": " + number(p[1]) + " reads, " + number(p[2]) + " writes";
          tip.style.left = e.clientX + 14 + "px";
          tip.style.top = e.clientY + 14 + "px";
        };
        canvas.onmouseleave = () => tip.style.display = "none";
      }
      add("p", data.file + ": " + data.kinds.join(", "), main, "faint");
      if (data.incomplete) add("p", "The undo log is not complete: there was no more memory for it.", main, "warn");
      if (data.traceIsCut) add("p", "The trace is cut: of " + number(data.accessCount) + " accesses only the last " + number(data.keptAccesses) + " were kept. A page or memory that seems untouched, or only read, may have been written before.", main, "warn");
      for (const m of data.memories) {
        const parts = [];
        if (m.loads || m.stores) parts.push(number(m.loads) + " loads of " + number(m.loadedBytes) + " bytes", number(m.stores) + " stores of " + number(m.storedBytes) + " bytes");
        if (m.logRecords) parts.push(number(m.logRecords) + " records of the undo log, " + number(m.loggedBytes) + " bytes");
        if (!parts.length && !m.pages.length) continue;
        add("h2", named(m)[0].toUpperCase() + named(m).slice(1));
        if (parts.length) add("p", parts.join("; ") + (m.loads || m.stores ? kept : ""));
        heatMap(m);
      }
      const place = [{ title: "times", number: true, value: r => r.count }, { title: "bytes", number: true, value: r => r.bytes }, { title: "where", value: r => r.text }];
      table("Hottest accesses" + kept, data.accesses, place, data.rows.accesses);
      const memoryOf = i => named(data.memories.find(m => m.index === i) ?? { index: i });
      table("Copies" + kept, data.copies, [place[0], place[1], { title: "from and to", value: r => memoryOf(r.source) + " → " + memoryOf(r.destination) }], data.rows.copies);
      table("Functions", data.functions, [place[0], { title: "function", value: r => r.index + (r.name ? " $" + r.name : "") }], data.rows.functions);
      table("Calls", data.calls, [place[0], place[2]], data.rows.calls);
      if (data.blockCount) {
        const rows = data.coverage.map(c => ({ ...c, count: c.blocks - c.reached })).sort((a, b) => b.count - a.count);
        table("Blocks that are not reached", rows.filter(r => r.count), [
          { title: "missing", number: true, value: r => r.count }, { title: "blocks", number: true, value: r => r.blocks },
          { title: "function", value: r => r.function + (r.name ? " $" + r.name : "") }]);
        if (data.rows.coverage > data.coverage.length) add("p", "Only " + number(data.coverage.length) + " of " + number(data.rows.coverage) + " functions are looked at.", main, "warn");
        add("p", number(data.reachedBlocks) + " of " + number(data.blockCount) + " blocks are reached.");
      }
    </script>
    </html>

    """#
}
