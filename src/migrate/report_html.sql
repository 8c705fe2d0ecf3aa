-- A report as one page of HTML. All content is made by xmlelement, which escapes; only the frame is text. Elements without
-- content get '', for <div/> is an open tag in HTML.
CREATE FUNCTION mongo_internal.html_cell(cell jsonb, label text) RETURNS xml LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT xmlelement(name td, xmlattributes('auto' AS dir, $2 AS "data-label", CASE WHEN jsonb_typeof($1) = 'number' THEN 'number' WHEN $1 #>> '{}' IN ('ok', 'warn', 'fail', 'skip') THEN $1 #>> '{}' END AS class),
                      CASE WHEN jsonb_typeof($1) = 'object' THEN mongo_internal.html_bar($1 -> 'shares') END, mongo_internal.cell_text($1))
$$;
COMMENT ON FUNCTION mongo_internal.html_cell(jsonb, text) IS 'A cell of a report in HTML';

-- Parts of a whole, one beside the other, in the width that there is. Statuses have colours of their own, types by rank.
CREATE FUNCTION mongo_internal.html_bar(parts jsonb, whole numeric DEFAULT NULL) RETURNS xml LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT xmlelement(name svg, xmlattributes('bar' AS class, '0 0 1000 10' AS "viewBox", 'none' AS "preserveAspectRatio", 'img' AS role, coalesce(mongo_internal.shares_text($1), '') AS "aria-label"),
                      xmlagg(xmlelement(name rect, xmlattributes(round(b.x, 2) AS x, 0 AS y, round(b.width, 2) AS width, 10 AS height, b.class AS class), '') ORDER BY b.rank))
      FROM (SELECT p.rank, sum(p.n) OVER (ORDER BY p.rank) * 1000 / p.whole - p.n * 1000 / p.whole AS x, p.n * 1000 / p.whole AS width,
                   CASE WHEN p.key IN ('ok', 'warn', 'fail', 'skip', 'missing') THEN p.key ELSE 'c' || least(p.rank, 7) END AS class
              FROM (SELECT e.key, e.value::numeric AS n, row_number() OVER (ORDER BY e.key IN ('missing', 'skip'), e.value::numeric DESC, e.key) AS rank, greatest(coalesce($2, 0), sum(e.value::numeric) OVER ()) AS whole
                      FROM jsonb_each_text($1) AS e WHERE e.value::numeric > 0) AS p) AS b
$$;
COMMENT ON FUNCTION mongo_internal.html_bar(jsonb, numeric) IS 'A bar of parts as SVG; whole: what the full width stands for, NULL: the sum of the parts';

CREATE FUNCTION mongo_internal.html_bars(chart jsonb) RETURNS xml LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT xmlelement(name figure, xmlelement(name figcaption, $1 ->> 'title'),
                      (SELECT xmlagg(xmlelement(name div, xmlattributes('row' AS class), xmlelement(name span, xmlattributes('auto' AS dir), mongo_internal.cell_text(i.value -> 'label')), mongo_internal.html_bar(i.value -> 'parts', w.most),
                                                xmlelement(name span, (SELECT string_agg(concat_ws(' ', e.value, nullif(CASE WHEN (SELECT count(*) FROM jsonb_object_keys(i.value -> 'parts')) > 1 OR e.key <> 'warn' THEN e.key END, '')), ', ' ORDER BY e.key) FROM jsonb_each_text(i.value -> 'parts') AS e))) ORDER BY i.n)
                         FROM jsonb_array_elements($1 -> 'items') WITH ORDINALITY AS i (value, n)))
      FROM (SELECT max(s.n) AS most FROM (SELECT sum(e.value::numeric) AS n FROM jsonb_array_elements($1 -> 'items') AS i (value), jsonb_each_text(i.value -> 'parts') AS e GROUP BY i.value) AS s) AS w
$$;
COMMENT ON FUNCTION mongo_internal.html_bars(jsonb) IS 'Bars with labels';

CREATE FUNCTION mongo_internal.html_line(chart jsonb) RETURNS xml LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT xmlelement(name figure, xmlelement(name figcaption, format('%s: %s in %s seconds', $1 ->> 'title', m.y, m.x)),
                      xmlelement(name svg, xmlattributes('line' AS class, '0 0 1000 160' AS "viewBox", 'none' AS "preserveAspectRatio", 'img' AS role, $1 ->> 'title' AS "aria-label"),
                                 xmlelement(name polyline, xmlattributes((SELECT '0,160 ' || string_agg(format('%s,%s', round(1000 * (q.value ->> 0)::numeric / m.x, 1), round(160 - 155 * (q.value ->> 1)::numeric / m.y, 1)), ' ' ORDER BY q.n)
                                                                           FROM jsonb_array_elements($1 -> 'points') WITH ORDINALITY AS q (value, n)) AS points), '')))
      FROM (SELECT max((q.value ->> 0)::numeric) AS x, max((q.value ->> 1)::numeric) AS y FROM jsonb_array_elements($1 -> 'points') AS q (value)) AS m WHERE m.x > 0 AND m.y > 0
$$;
COMMENT ON FUNCTION mongo_internal.html_line(jsonb) IS 'A line over time';

CREATE FUNCTION mongo_internal.html_table(s mongo_internal.report_section) RETURNS xml LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT xmlelement(name table,
        xmlelement(name thead, xmlelement(name tr, (SELECT xmlagg(xmlelement(name th, c.name) ORDER BY c.n) FROM unnest(($1).columns) WITH ORDINALITY AS c (name, n)))),
        xmlelement(name tbody, (SELECT xmlagg(xmlelement(name tr, (SELECT xmlagg(mongo_internal.html_cell(c.value, ($1).columns[c.n]) ORDER BY c.n) FROM jsonb_array_elements(r.value) WITH ORDINALITY AS c (value, n))) ORDER BY r.n)
                                  FROM jsonb_array_elements(($1).rows) WITH ORDINALITY AS r (value, n))))
$$;
COMMENT ON FUNCTION mongo_internal.html_table(mongo_internal.report_section) IS 'The rows of a section in HTML';

CREATE FUNCTION mongo_internal.html_section(s mongo_internal.report_section) RETURNS xml LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT xmlelement(name section, xmlattributes(($1).id AS id),
        CASE ($1).level WHEN 2 THEN xmlelement(name h2, mongo_internal.cell_text(to_jsonb(($1).title))) ELSE xmlelement(name h3, xmlattributes('auto' AS dir), mongo_internal.cell_text(to_jsonb(($1).title))) END,
        CASE WHEN ($1).about IS NOT NULL THEN xmlelement(name p, xmlattributes('auto' AS dir), mongo_internal.cell_text(to_jsonb(($1).about))) END,
        CASE ($1).chart ->> 'kind' WHEN 'bars' THEN mongo_internal.html_bars(($1).chart) WHEN 'line' THEN mongo_internal.html_line(($1).chart) END,
        CASE WHEN ($1).rows = '[]' THEN xmlelement(name p, xmlattributes('empty' AS class), ($1).empty) WHEN ($1).columns <> '{}' THEN mongo_internal.html_table($1) END)
$$;
COMMENT ON FUNCTION mongo_internal.html_section(mongo_internal.report_section) IS 'A section of a report in HTML';

CREATE FUNCTION mongo_internal.html_head(p mongo.plan) RETURNS xml LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT xmlelement(name header, xmlelement(name h1, xmlattributes('auto' AS dir), 'Migration ' || mongo_internal.cell_text(to_jsonb(($1).plan))), xmlelement(name p, mongo_internal.report_subtitle($1)),
        xmlelement(name div, xmlattributes('answers' AS class), (SELECT xmlagg(xmlelement(name div, xmlattributes(a.status AS class), xmlelement(name h2, a.question), xmlelement(name p, xmlattributes('auto' AS dir), mongo_internal.cell_text(to_jsonb(a.answer)))) ORDER BY a.place) FROM mongo_internal.answers(($1).plan) AS a)))
$$;
COMMENT ON FUNCTION mongo_internal.html_head(mongo.plan) IS 'What a report answers first, in HTML';

CREATE FUNCTION mongo_internal.html_contents(sections mongo_internal.report_section[]) RETURNS xml LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT xmlelement(name nav, xmlagg(xmlelement(name a, xmlattributes('#' || s.id AS href), s.title) ORDER BY s.place)) FROM unnest($1) AS s WHERE s.level = 2
$$;
COMMENT ON FUNCTION mongo_internal.html_contents(mongo_internal.report_section[]) IS 'Links to the sections of a report';

CREATE FUNCTION mongo_internal.html_style() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$ SELECT '
:root { --ok: #2e7d4f; --warn: #b26a00; --fail: #b3261e; --skip: #8a8f98; --line: #d9dce1; --soft: #f5f6f8; --text: #1c1f24; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1300px; padding: 1rem; font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: #fff; }
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.3rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.3rem; overflow-wrap: anywhere; }
p { margin: 0.2rem 0 0.6rem; overflow-wrap: anywhere; }
.empty { color: #5b616b; font-style: italic; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 0.8rem; margin: 1rem 0; }
.answers div { border: 1px solid var(--line); border-left: 6px solid var(--skip); padding: 0.6rem 0.9rem; background: var(--soft); }
.answers div.ok { border-left-color: var(--ok); } .answers div.warn { border-left-color: var(--warn); } .answers div.fail { border-left-color: var(--fail); }
.answers h2 { margin: 0 0 0.3rem; font-size: 1rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; border-block: 1px solid var(--line); padding: 0.5rem 0; }
nav a { color: #1a5fb4; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1rem; }
th, td { border: 1px solid var(--line); padding: 0.3rem 0.5rem; vertical-align: top; overflow-wrap: anywhere; min-width: 6.5rem; unicode-bidi: isolate; }
th { text-align: start; background: var(--soft); font-weight: 600; overflow-wrap: normal; min-width: 3.5rem; }
td.number { text-align: right; min-width: 3.5rem; font-variant-numeric: tabular-nums; }
td.ok { color: var(--ok); font-weight: 600; } td.warn { color: var(--warn); font-weight: 600; } td.fail { color: var(--fail); font-weight: 600; } td.skip { color: #5b616b; }
figure { margin: 0.6rem 0 1rem; } figcaption { color: #5b616b; margin-bottom: 0.3rem; }
svg.bar { display: block; width: 100%; height: 0.55rem; background: var(--soft); } td svg.bar { width: 9rem; max-width: 100%; margin: 0.3rem 0; }
svg.line { width: 100%; height: 9rem; background: var(--soft); border: 1px solid var(--line); }
polyline { fill: none; stroke: #1a5fb4; stroke-width: 3; vector-effect: non-scaling-stroke; }
.row { display: grid; grid-template-columns: minmax(8rem, 22rem) 1fr minmax(4rem, 14rem); gap: 0.8rem; align-items: center; margin: 0.15rem 0; } .row span { overflow-wrap: anywhere; unicode-bidi: isolate; }
rect.ok { fill: var(--ok); } rect.warn { fill: var(--warn); } rect.fail { fill: var(--fail); } rect.skip, rect.missing { fill: #c9cdd3; }
rect.c1 { fill: #1a5fb4; } rect.c2 { fill: #e66100; } rect.c3 { fill: #5e3c99; } rect.c4 { fill: #1b9e77; } rect.c5 { fill: #d01c8b; } rect.c6 { fill: #a6761d; } rect.c7 { fill: #666; }
@media screen and (max-width: 900px) {
  table, tbody { display: block; } thead { display: none; }
  tr { display: block; border: 1px solid var(--line); margin-bottom: 0.6rem; } td { display: grid; grid-template-columns: 8rem 1fr; gap: 0 0.5rem; border: 0; border-top: 1px solid var(--soft); } td.number { text-align: start; } td:empty { display: none; }
  td::before { content: attr(data-label); grid-row: 1 / span 2; color: #5b616b; font-size: 0.85rem; font-weight: 400; }
  .row { grid-template-columns: 1fr; gap: 0.1rem; margin: 0.5rem 0; }
}
@media print { @page { size: A4 landscape; margin: 12mm; } html { font-size: 11px; } body { max-width: none; padding: 0 1px; font-size: 10px; } nav { display: none; } h2, h3, figure { break-after: avoid; } tr, .row { break-inside: avoid; } th, td, rect, svg, .answers div { print-color-adjust: exact; -webkit-print-color-adjust: exact; } td { min-width: 0; } }
' $$;
COMMENT ON FUNCTION mongo_internal.html_style() IS 'The style of a report';

CREATE FUNCTION mongo_internal.report_html(p mongo.plan) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sections mongo_internal.report_section[] := ARRAY(SELECT s FROM mongo_internal.report_sections(p) AS s ORDER BY s.place);
BEGIN
    RETURN E'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta http-equiv="Content-Security-Policy" content="default-src ''none''; style-src ''unsafe-inline''">\n'
        || xmlserialize(CONTENT xmlelement(name title, 'Migration ' || mongo_internal.cell_text(to_jsonb(p.plan))) AS text) || E'\n<style>' || mongo_internal.html_style() || E'</style>\n</head>\n<body>\n'
        || xmlserialize(CONTENT mongo_internal.html_head(p) AS text) || E'\n' || xmlserialize(CONTENT mongo_internal.html_contents(sections) AS text) || E'\n'
        || (SELECT string_agg(xmlserialize(CONTENT mongo_internal.html_section(s) AS text), E'\n' ORDER BY s.place) FROM unnest(sections) AS s) || E'\n</body>\n</html>\n';
END $$;
COMMENT ON FUNCTION mongo_internal.report_html(mongo.plan) IS 'A report as a page of HTML; 0A000 where PostgreSQL was built without libxml';
