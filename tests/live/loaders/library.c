/* A library that tells who loads it, from its first instruction on; also as an auditor and as a converter. */
#include "teller.h"
#include <gconv.h>

#ifndef NAME
#define NAME "library"
#endif

__attribute__((constructor)) static void loaded(void) { tell(NAME); }

unsigned la_version(unsigned version) { return version; }

int gconv(struct __gconv_step *step, struct __gconv_step_data *data, const unsigned char **in,
          const unsigned char *end, unsigned char **out, size_t *lost, int flush, int consume)
{
    (void)step, (void)data, (void)in, (void)end, (void)out, (void)lost, (void)flush, (void)consume;
    return __GCONV_OK;
}

int gconv_init(struct __gconv_step *step)
{
    step->__min_needed_from = step->__max_needed_from = step->__min_needed_to = step->__max_needed_to = 1;
    step->__stateful = 0;
    return __GCONV_OK;
}

int shadowed(void) { return 1; }
