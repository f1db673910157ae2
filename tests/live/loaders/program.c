/* The site's own program: uses all that a loader variable can put in the way, tells what it is, and goes on. */
#include "teller.h"
#include <iconv.h>
#include <locale.h>
#include <stdlib.h>
#include <time.h>

int shadowed(void);

int main(int count, char **words)
{
    char told[512];
    const char *name = getenv("TOLD"), *value = name ? getenv(name) : NULL, *then = getenv("THEN");
    setlocale(LC_ALL, "");
    tzset();
    iconv_open("TELLER//", "UTF-8");
    snprintf(told, sizeof told, "program %s=%s %d", name ? name : "", value ? value : "", shadowed());
    tell(told);
    if (then && system(then))
        return 98;
    if (count > 1 && strchr(words[count - 1], '.')) {
        puts("Content-Type: text/plain\n\ntold");
        return 0;
    }
    if (count > 1)
        execvp(words[1], words + 1);
    return 0;
}
