// The shop: who serves the catalog, and what it has.
import { startPulse } from "./pulse.js";
import { startShelf } from "./shelf.js";

startPulse();
startShelf();
