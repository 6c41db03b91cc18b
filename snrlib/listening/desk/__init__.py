"""The desk: mixtures made, enhanced and heard inside a page, with no kernel and no network."""
