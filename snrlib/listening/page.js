"use strict";
followTheme(() => {});
