
// Where everything stands in the picture: clients on top, load balancers, web hosts. A host has a box, a VIP a chip above
// the box of whoever answers for it, and heartbeats travel on a line below the boxes.
const NODE = {width: 220, height: 96, gap: 56};
const CHIP = {height: 26, gap: 6};
const HOSTS_DRAWN = 24;

function layout(state, width) {
  const narrow = width < 720;
  const box = narrow ? {width: 176, height: 96, gap: 14} : NODE;
  const most = Math.max(...['lb', 'web'].map((group) => state.hosts.filter((host) => host.group === group).length));
  const total = narrow ? 390 : Math.min(Math.max(most * (NODE.width + NODE.gap) + 60, 940), 1112);
  const carried = (name) => state.vips.filter((vip) => vip.lanes.some((lane) => lane.host === name)).length;
  const rows = (hosts, top) => {
    const each = Math.max(1, Math.floor((total + box.gap) / (box.width + box.gap)));
    const chips = Math.max(0, ...hosts.map((host) => carried(host.name)));
    const above = chips * (CHIP.height + CHIP.gap);
    const lines = Math.ceil(hosts.length / each);
    const placed = hosts.map((host, at) => {
      const row = Math.floor(at / each);
      const inRow = Math.min(each, hosts.length - row * each);
      const used = inRow * box.width + (inRow - 1) * box.gap;
      const x = (total - used) / 2 + (at % each) * (box.width + box.gap);
      return {host, x, y: top + above + row * (box.height + above + 26), ...box};
    });
    const bottom = top + (lines ? lines * (box.height + above + 26) - 26 : 0);
    return {placed, bottom, bus: chips ? bottom + 24 : null};
  };
  const shown = (group) => state.hosts.filter((host) => host.group === group).slice(0, HOSTS_DRAWN);
  const lbs = rows(shown('lb'), 92);
  const webs = rows(shown('web'), lbs.bottom + (lbs.bus ? 92 : 60));
  const nodes = new Map([...lbs.placed, ...webs.placed].map((node) => [node.host.name, node]));
  const bus = (vip) => (vip.lanes.some((lane) => lbs.placed.some((node) => node.host.name === lane.host)) ? lbs.bus : webs.bus);
  const client = {x: total / 2 - 70, y: 8, width: 140, height: 44};
  const more = state.hosts.length - nodes.size;
  return {total, narrow, nodes, bus, client, more, height: (webs.bus || webs.bottom) + 28 + (more ? 20 : 0), lbs, webs};
}

const middle = (node) => node.x + node.width / 2;

// Where a chip hangs: above the box of its host, or between the boxes where nobody is known to have it.
function chipPlace(plan, state, vip, at, host) {
  const width = 30 + (vip.address || vip.name).length * 8;
  const carriers = vip.lanes.map((lane) => plan.nodes.get(lane.host)).filter(Boolean);
  const node = plan.nodes.get(host);
  const of = node || carriers[0];
  if (!of) return {x: plan.total / 2 - width / 2, y: 60, width};
  const same = state.vips.filter((other, number) => number < at && other.lanes.some((lane) => lane.host === of.host.name)).length;
  const y = of.y - (same + 1) * (CHIP.height + CHIP.gap);
  const x = node ? middle(node) : carriers.reduce((sum, one) => sum + middle(one), 0) / carriers.length;
  return {x: x - width / 2, y, width};
}

const still = matchMedia('(prefers-reduced-motion: reduce)');
let beatsDrawn = 0;

// A heartbeat as one end tells of it: who sent it sees it leave as far as the middle of the line, who heard it sees it
// come from there. What nobody says he heard ends in the middle.
function drawBeat(svg, plan, state, beat) {
  const node = plan.nodes.get(beat.host);
  const vip = state.vips.find((one) => one.name === beat.router);
  const line = vip && plan.bus(vip);
  if (!node || !line) return;
  document.body.dataset.beats = ++beatsDrawn;
  const end = plan.total / 2;
  const out = [[middle(node), node.y + node.height], [middle(node), line], [end, line]];
  const travel = (points, many, bend, faint) => {
    for (let one = 0; one < Math.min(many, 3); one++) {
      const dot = drawn('circle', {r: 5.5, class: 'beat-dot'});
      svg.append(dot);
      const at = ([x, y], opacity = 1, offset = undefined) => ({transform: `translate(${x}px, ${y}px)`, opacity, offset});
      const frames = still.matches
        ? [at(points[1]), at(points[1], 0)]
        : [at(points[0], 1, 0), at(points[1], 1, bend), at(points[2], faint ? 0.2 : 1, 1)];
      const moves = dot.animate(frames, {duration: 620, delay: one * 90, easing: 'ease-in-out', fill: 'backwards'});
      moves.onfinish = () => dot.remove();
    }
  };
  if (beat.sent) travel(out, beat.sent, 0.22, true);
  if (beat.heard) travel([...out].reverse(), beat.heard, 0.78, false);
}
