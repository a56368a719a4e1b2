// Binds each data-behaviour="name other" to its module, now and in whatever htmx brings later.
// Everything works without them: they only save a click or a reload.
import ago from "./behaviours/ago.js";
import autosubmit from "./behaviours/autosubmit.js";
import checkAll from "./behaviours/check_all.js";
import confirm from "./behaviours/confirm.js";
import { close, open } from "./behaviours/dialog.js";
import copy from "./behaviours/copy.js";
import dropzone from "./behaviours/dropzone.js";
import { insert, palette, remember } from "./behaviours/insert.js";
import keeping from "./behaviours/keeping.js";
import { restWhileUsed } from "./behaviours/live.js";
import { keepPlace } from "./behaviours/place.js";
import phrases from "./behaviours/phrases.js";
import timeZone from "./behaviours/time_zone.js";
import { announceFailures, toast } from "./behaviours/toast.js";
import reorder from "./behaviours/reorder.js";
import rich from "./behaviours/rich.js";
import saveKey from "./behaviours/save_key.js";
import scripted from "./behaviours/scripted.js";
import scrollers from "./behaviours/scrollers.js";
import unsaved from "./behaviours/unsaved.js";

const behaviours = {
  ago,
  autosubmit,
  "check-all": checkAll,
  close,
  confirm,
  copy,
  dropzone,
  insert,
  keeping,
  open,
  palette,
  phrases,
  remember,
  reorder,
  rich,
  "save-key": saveKey,
  scripted,
  "time-zone": timeZone,
  toast,
  unsaved,
};
const bound = new WeakSet();

const bind = (root) => {
  const found = [...root.querySelectorAll("[data-behaviour]")];
  if (root.matches?.("[data-behaviour]")) found.unshift(root);
  for (const element of found) {
    if (bound.has(element)) continue;
    bound.add(element);
    for (const name of element.dataset.behaviour.split(/\s+/)) behaviours[name]?.(element);
  }
  scrollers(root);
};

bind(document);
announceFailures();
restWhileUsed();
keepPlace();
document.addEventListener("htmx:load", (event) => bind(event.detail.elt));
