# What the lines of a build may call. It is part of the build's script, and runs as the site in its sandbox.

uv() { "$UV_PROGRAM" "$@"; }

kept=$KEPT # of this site, below its cache

# Packages that an earlier build of this site has installed from the same files, by the same interpreter.
reuse() { # KEY FOLDER
    [ -d "$kept/$1" ] || return 1
    rm -rf "$2" # the content may have brought one
    touch "$kept/$1" && cp -a --reflink=auto "$kept/$1" "$2" || { rm -rf "$2"; return 1; }
    echo "==> $2 is used again, because nothing that decides about it has changed"
}

# Keep a folder of packages for the next build: the newest three, and none above 500 MB. No build fails for it.
remember() { # KEY FOLDER
    [ -d "$2" ] && [ "$(du -sm "$2" | cut -f1)" -le 500 ] || return 0
    rm -rf "$kept"/.new-* # of builds that were killed
    mkdir -p "$kept" && draft=$(mktemp -d "$kept/.new-XXXXXX") || return 0
    cp -a --reflink=auto "$2" "$draft/folder" 2>/dev/null && mv -T "$draft/folder" "$kept/$1" 2>/dev/null || true
    rm -rf "$draft"
    [ ! -d "$kept/$1" ] || touch "$kept/$1"
    ls -t "$kept" | tail -n +4 | while read -r name; do rm -rf "$kept/$name"; done
}

# The time from which on files count as made by the build.
mark_begin() { mkdir -p .greenroom && touch .greenroom/began; }

# Leave nothing but a folder that holds an index page, in the place of everything else.
#   keep_result KIND FOLDER...    KIND: one-page, pages or source; a folder may be a pattern of the shell.
# Without such a folder the newest index page is looked for; of the kind `source` the whole content is kept then.
keep_result() {
    kind=$1
    shift
    result=$(find_result "$@")
    if [ -z "$result" ] && [ "$kind" = source ]; then
        rm -rf node_modules .greenroom
        return 0
    fi
    if [ -z "$result" ]; then
        echo "The build made no index.html, neither in $* nor elsewhere. Name the folder that it writes as 'output' in greenroom.toml."
        return 1
    fi
    echo "What is served: $result"
    page=$(fallback_page "$kind" "$result")
    keep "$result"
    [ -z "$page" ] || echo "$page" >.fallback_page
    [ -z "$page" ] || echo "Every path without a file is answered by $page."
}

# Leave nothing but one folder. A link is refused, as it may lead out of the content.
keep() {
    if [ -L "$1" ] || [ ! -d "$1" ]; then
        echo "The folder '$1' of the result is not there."
        return 1
    fi
    case $(realpath "$1") in "$(pwd -P)") return 0 ;; "$(pwd -P)"/*) ;; *) echo "'$1' lies outside."; return 1 ;; esac
    rm -rf .kept-result && mv "$1" .kept-result
    find . -mindepth 1 -maxdepth 1 ! -name .kept-result -exec rm -rf {} +
    find .kept-result -mindepth 1 -maxdepth 1 -exec mv {} . \;
    rmdir .kept-result
}

find_result() {
    for folder in "$@"; do
        if [ -n "$(find "$folder" -maxdepth 1 -type f \( -name index.html -o -name index.csr.html \) -newer .greenroom/began 2>/dev/null)" ]; then
            echo "$folder"
            return 0
        fi
    done
    find . \( -name node_modules -o -path ./.greenroom \) -prune -o -type f -name index.html -newer .greenroom/began -print |
        awk -F/ '{ print NF, $0 }' | sort -n | sed -n '1s|^[0-9]* ||; 1s|/index.html$||p'
}

fallback_page() {
    if [ -f "$2/200.html" ]; then
        echo 200.html
    elif [ "$1" = one-page ] && [ ! -f "$2/404.html" ] && [ "$(find "$2" -name '*.html' | wc -l)" = 1 ]; then
        find "$2" -maxdepth 1 -name '*.html' -exec basename {} \;
    fi
}
