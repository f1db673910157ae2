// What every page runs. Each part does nothing where its elements are not there. It comes to browsers as one file
// (portal/bundles.py).

import "./requests.js";
import "./news.js";
import "./zone.js";
import "./frame.js";
import "./leaving.js";
import "./countdown.js";
import "./shortcuts.js";
import "./copy.js";
import "./tree.js";
import "./logs.js";
import "./settings.js";
import "./chart.js";
import "./publish-drop.js";
