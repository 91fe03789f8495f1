"""The style sheet of the pieces that are written as HTML."""

__all__ = ["STYLE"]

STYLE = """<style>
.stMainBlockContainer {padding-top: 4.2rem; padding-bottom: 2rem; max-width: 1500px;}
[data-stale="true"] {opacity: 1 !important; transition: none !important;}
h1.title {font-size: 1.5rem; margin: 0; padding: 0; line-height: 1.6;}
h2.section {font-size: 1.15rem; margin: .4rem 0 0; padding: 0; line-height: 1.5;}
p.note {margin: .1rem 0 0; font-size: .875rem; opacity: .85;}
p.empty {margin: .2rem 0; padding: .9rem 1.1rem; border-radius: .6rem; line-height: 1.5;
  border: 1px dashed color-mix(in srgb, currentColor 40%, transparent);}
p.sum {margin: .1rem 0; font-variant-numeric: tabular-nums;}
.strip {display: flex; align-items: center; gap: 1rem; padding: .8rem 1.1rem; border-radius: .6rem;
  border-left: .4rem solid var(--tone); background: color-mix(in srgb, var(--tone) 13%, transparent);}
.strip .sign {flex: none; width: 2.3rem; height: 2.3rem; border-radius: 50%; background: var(--tone);
  display: grid; place-items: center; color: #10161D; font-size: 1.15rem; font-weight: 700;}
.strip .words {flex: 1; line-height: 1.4;}
.strip .words b {font-size: 1.2rem;}
.strip .since {opacity: .85; margin-left: .35rem;}
.strip .advice {font-weight: 600;}
.badge {flex: none; border-radius: 1rem; padding: .15rem .7rem; font-size: .85rem; white-space: nowrap;
  border: 1px solid color-mix(in srgb, currentColor 35%, transparent);}
.badge.stale {background: #C22F1F; border-color: #C22F1F; color: #fff; font-weight: 600;}
[data-testid="stCaptionContainer"] {color: inherit; opacity: .85;}
.tiles {display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem;}
.tile {border: 1px solid color-mix(in srgb, currentColor 18%, transparent); border-radius: .6rem;
  overflow: hidden; padding-top: .7rem; line-height: 1.35;}
.tile .label, .tile .value {padding: 0 1rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis;}
.tile .label {font-size: .85rem; opacity: .85;}
.tile .value {font-size: 1.75rem; font-variant-numeric: tabular-nums;}
.course {position: relative; height: 2.4rem; margin-top: .2rem;}
.course div {position: absolute; inset: 0; background: currentColor;}
.course .line {opacity: .65;}
.course .area {opacity: .08;}
dl.answers {display: grid; grid-template-columns: minmax(8rem, 11rem) 1fr; gap: .3rem 1rem; margin: .2rem 0;
  padding: 0 !important;}
dl.answers dt {font-weight: 600;}
dl.answers dt, dl.answers dd {margin: 0 !important; padding: 0;}
dl.answers dd { line-height: 1.45;}
ol.timeline {list-style: none; margin: .4rem 0; padding: 0;}
ol.timeline li {display: grid; grid-template-columns: 8rem 10rem 1fr; gap: .3rem 1rem; margin: 0 0 0 .6rem;
  padding: .35rem 0 .35rem 1.3rem; position: relative; line-height: 1.45;
  border-left: 2px solid color-mix(in srgb, currentColor 30%, transparent);}
ol.timeline li::before {content: ""; position: absolute; left: -.42rem; top: .75rem; width: .7rem;
  height: .7rem; border-radius: 50%; background: currentColor;}
ol.timeline .stage {font-weight: 600;}
ol.timeline .when {opacity: .85; font-variant-numeric: tabular-nums;}
@media (max-width: 40rem) {.strip {flex-wrap: wrap;} .strip .words {flex-basis: 60%;}
  dl.answers, ol.timeline li {grid-template-columns: 1fr;}}
</style>"""
