/** \ce and \pu for KaTeX: a chunk of its own, fetched when the first chemical formula appears. */

import "katex/contrib/mhchem";
