# LDOMS_TRY_FLAG(VARIABLE, FLAG, [EXTRA-FLAGS])
# Add a compiler or linker FLAG to VARIABLE if a program builds and links with it. EXTRA-FLAGS are
# used in the test only. Each flag is tested alone, so that a compiler lacking one gets the others.
AC_DEFUN([LDOMS_TRY_FLAG], [
	AS_VAR_PUSHDEF([cachevar], [ldoms_cv_flag_$2])
	AC_CACHE_CHECK([whether the compiler takes $2], cachevar, [
		ldoms_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $3 $2"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("x");]])],
			[AS_VAR_SET(cachevar, yes)], [AS_VAR_SET(cachevar, no)])
		CFLAGS=$ldoms_saved_CFLAGS
	])
	AS_VAR_IF(cachevar, yes, [$1="$$1 $2"])
	AS_VAR_POPDEF([cachevar])
])
