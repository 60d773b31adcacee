
// Everything that is not the picture: alarms, the timeline, pools, sites, findings, events, the last order.
function drawAlarms(state) {
  const alarms = [];
  for (const vip of state.vips) {
    const address = vip.address || vip.name;
    const hosts = names(vip.owners);
    if (vip.owners.length > 1) alarms.push(['two', address, hosts]);
    else if (!vip.owners.length && vip.unknown.length && !vip.asking) alarms.push(['unknown', address, names(vip.unknown)]);
    else if (!vip.owners.length && !vip.asking) alarms.push(['none', address, vip.lanes.map((lane) => lane.host)]);
    const deaf = vip.owners.length === 1 ? deafHosts(state, vip) : [];
    if (deaf.length) alarms.push(['blocked', address, names(deaf)]);
  }
  const reasons = (hosts) => hosts.flatMap((name) => {
    const host = state.hosts.find((one) => one.name === name);
    return (host?.routers ?? []).map((router) => `${name}: ${stateWord(router.state)} ${router.faults.map(inWords).join('; ') || inWords(router.reason) || ''}`);
  });
  const detail = alarms.map((alarm) => (alarm[0] === 'none' ? reasons(alarm[2]) : []));
  fill(byId('alarms'), [alarms, detail], () => alarms.map(([kind, vip, hosts], at) => {
    const typed = (key, command) => element('li', {}, say(key), ' ', element('code', {}, command));
    if (kind === 'two') {
      return element('div', {class: 'alarm'}, element('strong', {}, say('alarm_two', {hosts, vip})), say('alarm_two_why'),
        element('ul', {}, typed('alarm_two_see', 'hactl capture --for 10s'),
          typed('alarm_two_mend', 'firewall-cmd --permanent --add-protocol=vrrp && firewall-cmd --reload'), typed('alarm_two_then', 'hactl verify')));
    }
    if (kind === 'none') {
      return element('div', {class: 'alarm'}, element('strong', {}, say('alarm_none', {vip})), say('alarm_none_why'),
        element('ul', {}, ...detail[at].map((line) => element('li', {}, line))));
    }
    if (kind === 'unknown') return element('div', {class: 'alarm'}, element('strong', {}, say('alarm_unknown', {vip})), say('alarm_unknown_why', {hosts}));
    return element('div', {class: 'alarm odd-alarm'}, element('strong', {}, say('alarm_blocked', {hosts})), say('alarm_blocked_why'), ' ', element('code', {}, 'hactl capture --for 10s'));
  }));
}

function drawSaid(state) {
  const said = state.vips.map((vip) => {
    const address = vip.address || vip.name;
    if (vip.owners.length > 1) return say('said_two', {vip: address, hosts: names(vip.owners)});
    if (vip.owners.length === 1) return say('said_owner', {vip: address, host: vip.owners[0]});
    if (vip.asking) return say('said_asking', {vip: address, hosts: names(vip.unknown)});
    if (vip.unknown.length) return say('said_unknown', {vip: address, hosts: names(vip.unknown)});
    return say('said_nobody', {vip: address});
  }).join(language === 'zh' ? '' : ' ');
  // Read aloud when it changes, and so without a time that grows.
  if (byId('said').textContent !== said) byId('said').textContent = said;
  const [one, more] = state.vips;
  byId('since').textContent = one?.since_ms && !more && one.owners.length === 1 ? say('said_since', {time: lasted(state.now_ms - one.since_ms)}) : '';
}

const SHOWN_MS = 300000;

function drawTimeline(state) {
  const wide = byId('timeline').clientWidth;
  const total = wide < 600 ? 390 : 1060;
  const left = wide < 600 ? 64 : 96;
  const [from, to] = [state.now_ms - SHOWN_MS, state.now_ms];
  const x = (ms) => left + (total - left) * (Math.min(Math.max(ms, from), to) - from) / SHOWN_MS;
  const lanes = state.vips.flatMap((vip) => vip.lanes.map((lane) => ({vip, ...lane})));
  const many = state.vips.length > 1;
  const height = 26 * lanes.length + (many ? 20 * state.vips.length : 0) + 22;
  const svg = drawn('svg', {viewBox: `0 0 ${total} ${height}`, role: 'img', 'aria-label': say('timeline')});
  let y = 0;
  for (let minute = 0; minute <= 5; minute++) {
    const at = x(to - minute * 60000);
    svg.append(drawn('path', {class: 'tick', d: `M${at} 0V${height - 18}`}));
    const anchor = minute === 0 ? 'end' : minute === 5 ? 'start' : 'middle';
    if (wide < 600 && minute % 2 === 0 && minute) continue; // there is no room for all of them
    svg.append(drawn('text', {class: 'small', x: at, y: height - 4, 'text-anchor': anchor}, minute ? say('minutes_ago', {n: minute}) : say('now')));
  }
  for (const vip of state.vips) {
    if (many) { svg.append(drawn('text', {class: 'small', x: 0, y: y + 14}, vip.address || vip.name)); y += 20; }
    for (const lane of vip.lanes) {
      svg.append(drawn('text', {x: 0, y: y + 17, 'font-size': 13}, lane.host));
      lane.changes.forEach(([at, what], number) => {
        const end = lane.changes[number + 1]?.[0] ?? to;
        if (end < from) return;
        const owns = what === 'MASTER' || what === 'HANDOVER';
        const bar = drawn('rect', {class: `span-${what ?? 'unknown'}`, x: x(at), y: y + (owns ? 4 : 8), width: Math.max(x(end) - x(at), owns ? 2 : 0.5), height: owns ? 18 : 10, rx: 2});
        bar.append(drawn('title', {}, `${lane.host}: ${what ? stateWord(what) : say('unknown')} ${clock(at)}`));
        svg.append(bar);
      });
      y += 26;
    }
  }
  byId('timeline').replaceChildren(svg);
}

function drawPools(state) {
  fill(byId('pools'), [state.pools, state.vips.map((vip) => vip.owners.length)], () => {
    if (!state.pools.length) return [element('p', {class: 'soft'}, say(state.vips.some((vip) => vip.owners.length) ? 'no_pools' : 'no_owner_pools'))];
    const words = {up: say('up'), down: say('down'), drained: say('drained'), unknown: say('not_judged')};
    return state.pools.flatMap((pool) => [
      element('p', {}, element('strong', {}, pool.name), ' ', element('span', {class: 'soft'}, say('seen_by', {host: pool.seen_by}),
        pool.connections_per_s == null ? '' : ` · ${say('rates', {new: pool.connections_per_s, bytes: pool.bytes_per_s})}`)),
      pool.quorum ? null : element('p', {class: 'bad'}, say('no_quorum')),
      pool.sorry ? element('p', {class: 'bad'}, say('sorry_serves', {server: pool.sorry})) : null,
      element('table', {}, ...pool.servers.map((server) => element('tr', {},
        element('td', {}, element('span', {class: `light ${server.state}`}), server.name + (server.port ? `:${server.port}` : '')),
        element('td', {class: {up: 'good', down: 'bad'}[server.state] || 'odd'}, words[server.state], server.state === 'down' && server.reason ? `: ${inWords(server.reason)}` : ''),
        element('td', {class: 'soft num'}, say('weight', {n: server.weight}), server.active == null ? '' : `, ${say('connections', {n: server.active})}`)))),
    ]).filter(Boolean);
  });
}

function drawSites(state) {
  const days = (left) => element('span', {class: left <= 0 ? 'bad' : left < 21 ? 'odd' : 'good'}, left <= 0 ? say('ended') : say('days_left', {n: left}));
  const answer = (service) => (service.status != null
    ? element('span', {class: service.expected ? 'good' : 'bad'}, say('answers', {status: service.status}))
    : element('span', {class: 'bad'}, say('no_answer', {why: inWords(service.error) || ''})));
  const own = state.vips.filter((vip) => vip.service).map((vip) => ({vip: vip.address, ...vip.service}));
  fill(byId('sites'), [own, state.sites, state.certificates, state.looked_ms == null], () => {
    const rows = [
      ...own.map((vip) => element('tr', {}, element('td', {}, vip.vip), element('td', {}, answer(vip)), element('td', {}))),
      ...state.sites.map((site) => element('tr', {}, element('td', {}, `${site.url} · ${site.vip}`), element('td', {}, answer(site)),
        element('td', {}, site.certificate ? days(site.certificate.days_left) : ''))),
      ...state.certificates.map((held) => element('tr', {}, element('td', {}, `${held.site} · ${held.host}`),
        element('td', {class: 'bad'}, held.issued ? '' : say('not_issued'), held.failure || ''), element('td', {}, held.issued ? days(held.certificate.days_left) : ''))),
    ];
    return rows.length ? [element('table', {}, ...rows)] : [element('p', {class: 'soft'}, say(state.looked_ms == null ? 'not_looked' : 'no_sites'))];
  });
}

function drawFindings(state) {
  const asOf = state.looked_ms == null ? null : clock(state.looked_ms);
  fill(byId('findings'), [state.findings, state.findings.length ? null : asOf], () => {
    if (asOf == null) return [element('p', {class: 'soft'}, say('not_looked'))];
    if (!state.findings.length) return [element('p', {class: 'good'}, say('none_wrong', {time: asOf}))];
    return state.findings.map((one) => element('div', {class: `finding ${one.warning ? 'warning' : ''}`},
      element('div', {}, element('code', {}, one.code), ' ', language === 'zh' ? element('strong', {}, inWords(one.code), '：') : null, inWords(one.message)),
      one.why ? element('div', {class: 'soft'}, say('why'), inWords(one.why)) : null,
      one.next ? element('div', {class: 'soft'}, say('next'), inWords(one.next)) : null));
  });
}

function drawEvents(log) {
  fill(byId('events'), log, () => [...log].reverse().map((event) => element('li', {},
    element('span', {class: 'soft num'}, clock(event.at_ms)), element('span', {}, event.host),
    element('span', {class: `words ${{warning: 'odd', error: 'bad'}[event.level] || ''}`}, inWords(event.words)))));
}

function drawWork(state) {
  const work = state.work;
  byId('work').hidden = !work;
  if (!work) return;
  const time = work.end ? null : lasted(state.now_ms - work.since_ms);
  fill(byId('work-body'), [work, time], () => {
    const end = work.end;
    const verdict = !end ? element('span', {class: 'odd'}, say('at_work', {time})) : element('strong', {class: end.well ? 'good' : 'bad'}, say(end.well ? 'done' : 'failed'));
    const moves = (end?.moves ?? []).map((moved) => element('div', {},
      element('div', {}, say('moved', {vip: moved.vip, from: names(moved.from) || say('nobody'), to: moved.to})),
      element('span', {class: 'big num'}, moved.gap_ms == null ? say('gap_unknown') : say('gap', {gap: moved.gap_ms.toFixed(1)})),
      moved.sent == null ? null : element('span', {class: 'soft num'}, ' ', say('pings', {lost: moved.lost, sent: moved.sent}))));
    const drills = (end?.drills ?? []).map((drill) => element('div', {},
      element('span', {class: `big ${drill.passed ? 'good' : 'bad'}`}, say(drill.passed ? 'drill_passed' : 'drill_failed', {name: drill.scenario})),
      element('span', {class: 'soft num'}, ' ', say('outage', {outage: drill.outage, budget: drill.budget}), ' · ', say('lost', {lost: drill.lost, sent: drill.sent}))));
    const lines = [...work.words.map(inWords), end && (!end.well || !(moves.length || drills.length)) ? inWords(end.words) : ''].filter(Boolean).join('\n');
    return [
      element('p', {}, element('code', {}, work.command), ' ', verdict), ...moves, ...drills,
      end?.report ? element('p', {}, element('a', {href: end.report, target: '_blank', rel: 'noopener noreferrer', id: 'report'}, say('report'))) : null,
      lines ? element('pre', {}, lines) : null,
    ].filter(Boolean);
  });
}
