"""What every page needs comes as one style sheet and one script."""

import re
import shutil
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from pytest_django import Settings

from portal.bundles import SCRIPT, STYLES, BundledStorage, bundled_script, bundled_styles

SOURCE = Path(settings.STATICFILES_DIRS[0])


def read(name: str) -> str:
    return (SOURCE / name).read_text()


def test_all_styles_are_one_file_in_their_layers() -> None:
    text = bundled_styles(STYLES, read)
    assert "@import" not in text and text.index("@layer tokens, base, layout, blocks;") < text.index("@layer tokens {")
    for part in (SOURCE / "css").rglob("*.css"):
        if part.name not in ("greenroom.css", "site.css", "admin.css"):
            assert text.count(part.read_text()) == 1, part.name
    assert text.count("{") == text.count("}")


def test_a_module_comes_once_and_before_whoever_imports_it() -> None:
    files = {
        "js/page.js": 'import "./a.js";\nimport "./b.js";\n',
        "js/a.js": 'import { one, two } from "./b.js";\n\nconst three = one + two();\n',
        "js/b.js": "export const one = 1;\nexport async function two() {\n  return one;\n}\n",
    }
    text = bundled_script("js/page.js", files.__getitem__)
    assert text.count("const one = 1;") == 1 and "import" not in text and "export" not in text
    assert text.index("return { one, two };") < text.index("const { one, two } = module_b;") < text.index("module_page")


def test_no_script_of_a_page_is_left_out() -> None:
    text = bundled_script(SCRIPT, read)
    assert not re.search(r"^(?:import|export) ", text, re.M)
    own = {"log.js", "passkey.js"}  # of single pages
    for part in sorted((SOURCE / "js").glob("*.js")):
        if part.name not in own:
            assert text.count(f"const module_{part.stem.replace('-', '_')} = ") == 1, part.name


def test_names_change_with_the_content_of_any_part(tmp_path: Path, settings: Settings) -> None:
    source = tmp_path / "source"
    for name, text in (("css/greenroom.css", '@import url("a.css") layer(a);\n'), ("css/a.css", "p { color: red; }\n")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    names = []
    for text in ("p { color: red; }\n", "p { color: blue; }\n"):
        (source / "css/a.css").write_text(text)
        shutil.copytree(source, tmp_path / "collected", dirs_exist_ok=True)
        collected = BundledStorage(location=str(tmp_path / "collected"), base_url="/static/")
        found = {name: (FileSystemStorage(str(source)), name) for name in ("css/greenroom.css", "css/a.css")}
        list(collected.post_process(found))
        names.append(collected.stored_name(STYLES))
        assert "color" in (tmp_path / "collected" / names[-1]).read_text()
    assert names[0] != names[1]


def test_no_word_of_a_header_of_a_table_is_broken() -> None:
    """Except of one that has columns of fixed width, with names of slots above them."""
    for file in (SOURCE / "css").rglob("*.css"):
        for selector in re.findall(r"([^{}]+)\{[^{}]*overflow-wrap: anywhere", file.read_text()):
            names_header = re.search(r"\bth\b", selector) and "tbody" not in selector
            assert not names_header or ".compared" in selector, f"{file.name}: {selector.strip()}"
