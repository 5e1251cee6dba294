"""The site: Sphinx over the Markdown of the whole repository, so that every link is followed.

Built without a network, by `make docs`; whatever is not found fails the build.
"""

project = "workbooks-outreach-sync"
author = "the authors of workbooks-outreach-sync"
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "grafana/*.md",
    "engine/README.md",
    "tests/README.md",
    "README.md",
    "CHANGELOG.md",
]
# Headings are linked to as everywhere where Markdown is shown.
myst_heading_anchors = 4
# Nothing is asked of another machine, neither here nor by whoever reads the pages.
html_theme = "alabaster"
html_theme_options = {
    "description": "Opportunities kept in step",
    "fixed_sidebar": True,
    "page_width": "1100px",
}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_title = project
# Left as they stand: `--config` is an option, and no dash.
smartquotes = False
highlight_language = "none"
