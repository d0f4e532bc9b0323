//! What the component is: description.json, as it was when this was compiled.

#include "host.h"

static const char DESCRIPTION[] = {
#embed "../description.json"
};

void exports_algohost_ml_metadata_describe(Text *ret) {
    streaming_handler_string_dup_n(ret, DESCRIPTION, sizeof DESCRIPTION);
}
