
// A page that is loaded again has kept its token; one that was refused with it forgets it.
const token = sessionStorage.getItem('hactl-token');
if (new URLSearchParams(location.search).has('token')) {
  sessionStorage.removeItem('hactl-token');
} else if (token) {
  location.replace('/?token=' + token);
}
